#!/usr/bin/env bash
# Common Voice (real speech, one language): recipes/commonvoice/run.sh --source DIR
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/../../run.sh" --corpus commonvoice "$@"
