#!/usr/bin/env bash
# VCTK (real speech, 110 speakers): recipes/vctk/run.sh --source DIR
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/../../run.sh" --corpus vctk "$@"
