#!/usr/bin/env bash
# Mini LibriSpeech (real speech, 48 speakers): recipes/mini_librispeech/run.sh --source DIR
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/../../run.sh" --corpus mini_librispeech "$@"
