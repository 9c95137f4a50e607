#!/usr/bin/env bash
# Lint and test everything: tests/run.sh [--env none] [PYTEST OPTION...]
# With --env none in the active Python, else in the .venv that ./run.sh uses too.
# Tests on corpora of real speech run where SPEAKER_CORPORA names their folder, and
# comparisons with other implementations where SPEAKER_REFERENCE names theirs.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. utils/env.sh

env=venv
if [[ ${1-} == --env ]]; then
  env=${2-}
  if [[ $env != venv && $env != none ]]; then
    echo "run.sh: --env is venv or none, not '$env'" >&2
    exit 2
  fi
  shift 2
fi
environment_is_ready "$env" test || make_environment "$env" test
use_environment "$env"

ruff check .
ruff format --check .
mypy
shellcheck -x run.sh .ci/run utils/*.sh tests/*.sh recipes/*/*.sh
python -m pytest "$@"
