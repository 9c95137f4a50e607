#!/usr/bin/env bash
# The embedded default: synthetic voices, no download.
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/../../run.sh" --corpus espeak "$@"
