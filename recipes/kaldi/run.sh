#!/usr/bin/env bash
# A Kaldi data directory: recipes/kaldi/run.sh --source DIR
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/../../run.sh" --corpus kaldi "$@"
