#!/usr/bin/env bash
# AccentDB (English in nine accents): recipes/accentdb/run.sh --source DIR
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/../../run.sh" --corpus accentdb --task accent --task-options "--drop-rare" "$@"
