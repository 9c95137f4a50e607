#!/usr/bin/env bash
# Train and evaluate a speaker-verification system, stage by stage.
#   ./run.sh                                        synthetic voices, all stages
#   ./run.sh --stage 3 --model rescnn               another model on the same features
#   recipes/speechocean762/run.sh --source DIR      another corpus
# Finished stages are skipped when their settings and inputs are the same as before.

set -euo pipefail
shopt -s nullglob
root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# options: each variable below is a flag (stop_stage -> --stop-stage)
corpus=espeak              # folder under recipes/
source=                    # where the raw speech lies, if the corpus needs it
prepare_options=           # more options of recipes.<corpus>.prepare, in one string
skip_bad=false             # go on without unreadable audio files
front_end=features         # hparams/<front_end>.yaml
augment=                   # hparams/<augment>.yaml: copies of the training speech
model=rescnn_small         # hparams/train_<model>.yaml
overrides=                 # hyper-parameters, such as "--pretrain.epochs 2"
backends="cosine centred"  # ways to score
trials=                    # trial lists by name; empty: all of the corpus
stage=0                    # first stage
stop_stage=7               # last stage
force=false                # repeat stages that are up to date
tag=                       # name of the experiment; empty: the model's
data=                      # empty: data/<corpus>
exp=                       # empty: exp/<corpus>/<tag>
seed=1986                  # of the synthetic voices, the splits and the training
env=venv                   # .venv in this folder; none: the active Python
nj=2                       # parallel processes
device=cpu                 # or cuda, cuda:1, ...
# end of options
. "$root/utils/parse_options.sh"
. "$root/utils/stages.sh"
. "$root/utils/env.sh"

# paths on the command line are the caller's, and the default ones the repository's
for name in source data exp; do
  if [[ -n ${!name} && ${!name} != /* ]]; then printf -v "$name" %s "$PWD/${!name}"; fi
done
cd "$root"
data=${data:-data/$corpus}
exp=${exp:-exp/$corpus/${tag:-$model}}
