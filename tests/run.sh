#!/usr/bin/env bash
# Lint, and test: tests/run.sh [--env none] [--all | --lint] [PYTEST OPTION...]
# Without the tests that are marked slow; --all runs those as well, --lint none at all.
# With --env none in the active Python, else in the .venv that ./run.sh uses too. Each
# core tests one file at a time, eight at most. Options of pytest, such as -n 1 (one core)
# or --durations 20, come last.
# Tests on corpora of real speech run where SPEAKER_CORPORA names their folder, and
# comparisons with other implementations where SPEAKER_REFERENCE names theirs.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. utils/env.sh

env=venv lint_only=false selected=(-m "not slow")
while (($#)); do
  case $1 in
    --all) selected=() ;;
    --lint) lint_only=true ;;
    -h | --help)
      sed -n '2,/^$/s/^# \?//p' tests/run.sh
      exit
      ;;
    --env)
      env=${2-}
      if [[ $env != venv && $env != none ]]; then
        echo "run.sh: --env is venv or none, not '$env'" >&2
        exit 2
      fi
      shift
      ;;
    *) break ;;
  esac
  shift
done
environment_is_ready "$env" test || make_environment "$env" test
use_environment "$env"

ruff check .
ruff format --check .
mypy
shellcheck -x run.sh .ci/run utils/*.sh tests/*.sh recipes/*/*.sh
if [[ $lint_only == true ]]; then exit; fi

cores=$(nproc)
export OMP_NUM_THREADS=1 # tests are many and small
python -m pytest -n "$((cores < 8 ? cores : 8))" --dist loadfile "${selected[@]}" "$@"
