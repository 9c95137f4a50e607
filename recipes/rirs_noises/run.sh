#!/usr/bin/env bash
# RIRS_NOISES (rooms and noises for augmentation): recipes/rirs_noises/run.sh --source DIR
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/../../run.sh" --corpus rirs_noises --stop-stage 1 "$@"
