#!/usr/bin/env bash
# Any folder of speakers: recipes/folder/run.sh --source DIR
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/../../run.sh" --corpus folder "$@"
