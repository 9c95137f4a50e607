#!/usr/bin/env bash
# AudioMNIST (real speech, 60 speakers): recipes/audiomnist/run.sh --source DIR
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/../../run.sh" --corpus audiomnist "$@"
