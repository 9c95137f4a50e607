#!/usr/bin/env bash
# AN4 (real speech, 84 speakers): recipes/an4/run.sh --source DIR
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/../../run.sh" --corpus an4 "$@"
