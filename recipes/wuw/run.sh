#!/usr/bin/env bash
# WUW (telephone, calls as sessions): recipes/wuw/run.sh --source DIR
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/../../run.sh" \
  --corpus wuw --front-end features_8khz "$@"
