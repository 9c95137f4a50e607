#!/usr/bin/env bash
# A model of many uses, taught by CAM++: recipes/general/run.sh --source DIR
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/../../run.sh" \
  --corpus general --front-end features_campplus --augment augment_general \
  --model rescnn_general --teacher campplus --phases "distil distil:distil_long" --stop-stage 4 "$@"
