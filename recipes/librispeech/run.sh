#!/usr/bin/env bash
# LibriSpeech (real speech, 2484 speakers): recipes/librispeech/run.sh --source DIR
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/../../run.sh" --corpus librispeech --model rescnn_half "$@"
