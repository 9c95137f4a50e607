#!/usr/bin/env bash
# speechocean762 (real speech, 250 speakers): recipes/speechocean762/run.sh --source DIR
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/../../run.sh" \
  --corpus speechocean762 --front-end features_level --augment augment_speed \
  --model ecapa_small --backends "averages cosine cosine+asnorm cosine+asnorm+cal lda-plda lda-plda+cal" "$@"
