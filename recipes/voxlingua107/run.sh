#!/usr/bin/env bash
# VoxLingua107 (real speech, 107 languages): recipes/voxlingua107/run.sh --source DIR
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/../../run.sh" --corpus voxlingua107 --task language "$@"
