#!/usr/bin/env bash
# AISHELL-1 (real speech, 400 speakers): recipes/aishell1/run.sh --source DIR
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/../../run.sh" --corpus aishell1 --model rescnn_half "$@"
