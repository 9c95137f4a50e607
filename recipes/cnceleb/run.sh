#!/usr/bin/env bash
# CN-Celeb (real speech, 3000 speakers): recipes/cnceleb/run.sh --source DIR
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/../../run.sh" --corpus cnceleb --model rescnn "$@"
