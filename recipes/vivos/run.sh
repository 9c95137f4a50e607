#!/usr/bin/env bash
# VIVOS (real speech, 65 speakers): recipes/vivos/run.sh --source DIR
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/../../run.sh" --corpus vivos "$@"
