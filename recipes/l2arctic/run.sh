#!/usr/bin/env bash
# L2-ARCTIC (real speech, 24 speakers, six first languages): recipes/l2arctic/run.sh --source DIR
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/../../run.sh" --corpus l2arctic --task accent "$@"
