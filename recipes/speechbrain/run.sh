#!/usr/bin/env bash
# SpeechBrain's manifests: recipes/speechbrain/run.sh --source DIR
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/../../run.sh" --corpus speechbrain "$@"
