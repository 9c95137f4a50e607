#!/usr/bin/env bash
# HI-MIA (real speech, 340 speakers): recipes/himia/run.sh --source DIR
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/../../run.sh" --corpus himia --model rescnn_half "$@"
