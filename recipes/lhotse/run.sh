#!/usr/bin/env bash
# lhotse manifests: recipes/lhotse/run.sh --source DIR
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/../../run.sh" --corpus lhotse "$@"
