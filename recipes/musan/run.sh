#!/usr/bin/env bash
# MUSAN (sounds for augmentation): recipes/musan/run.sh --source DIR
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/../../run.sh" --corpus musan --stop-stage 1 "$@"
