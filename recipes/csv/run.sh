#!/usr/bin/env bash
# A table of audio files and speakers: recipes/csv/run.sh --source DIR
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/../../run.sh" --corpus csv "$@"
