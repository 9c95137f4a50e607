#!/usr/bin/env bash
# VoxCeleb (real speech, 7205 speakers): recipes/voxceleb/run.sh --source DIR
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/../../run.sh" --corpus voxceleb --model rescnn "$@"
