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
sources=                   # recordings for them: "noise=noise.csv music=music.csv"
model=rescnn_small         # hparams/train_<model>.yaml
phases="pretrain triplet"  # trained in turn; perhaps "pretrain pretrain:large_margin"
overrides=                 # hyper-parameters, such as "--pretrain.epochs 2"
backends="cosine lda"      # of hparams/backend.yaml; perhaps "plda+asnorm plda+asnorm+cal"
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
train_processes=1          # that train as one, each with a GPU where --device is cuda
device=cpu                 # or cuda, cuda:1, ...
# end of options
. "$root/utils/parse_options.sh"
. "$root/utils/stages.sh"
. "$root/utils/env.sh"

[[ $env == venv || $env == none ]] || wrong_usage "--env is venv or none, not '$env'"
resolve_paths "$root" source data exp
cd "$root"
data=${data:-data/$corpus}
exp=${exp:-exp/$corpus/${tag:-$model}}
hparams=hparams/train_$model.yaml features=$data/features embeddings=$exp/embeddings
need_path --corpus "recipes/$corpus/prepare.py" recipes/*/prepare.py
need_path --source "${source:-.}"
need_path --model "$hparams" hparams/train_*.yaml

run_log=$exp/run.log bad=() copies=()
if [[ $skip_bad == true ]]; then bad=(--skip-bad); fi
if [[ -n $augment ]]; then copies=(--augment "hparams/$augment.yaml"); fi
read -ra lists <<< "$sources"
read -ra prepare_words <<< "$prepare_options"
read -ra override_words <<< "$overrides"

if stage 0 "Python environment"; then
  environment_is_ready "$env" || run make_environment "$env"
fi
use_environment "$env"

if stage 1 "manifests and trials -> $data"; then
  step "$data/train.csv" ${source:+"$source"} -- python -m "recipes.$corpus.prepare" \
    --source "$source" --out "$data" --seed "$seed" "${prepare_words[@]}"
  step "$data" "$data"/{train,valid,test}.csv "$data"/{trials,enrol}/*.txt -- \
    python -m local.validate_data "$data" --nj "$nj" "${bad[@]}"
fi

if stage 2 "filterbanks of the speech -> $features"; then
  step "$features" "$data"/{train,valid,test}.csv "hparams/$front_end.yaml" \
    "${copies[@]:1}" -- python -m local.compute_features "$data" --out "$features" --hparams \
    "hparams/$front_end.yaml" "${copies[@]}" "${lists[@]/#/--source=}" --seed "$seed" --nj "$nj" "${bad[@]}"
fi

read -ra phase_words <<< "$phases"
trained=$exp/${phase_words[-1]#*:}
if stage 3 "training, first phase -> $exp"; then
  train_phase "${phase_words[0]}"
fi

if stage 4 "training, other phases -> $trained"; then
  for ((n = 1; n < ${#phase_words[@]}; n++)); do
    train_phase "${phase_words[n]}" "${phase_words[n - 1]}"
  done
fi

if stage 5 "embeddings -> $embeddings"; then
  for split in train valid test; do
    step "$embeddings/$split.npy" "$data/$split.csv" "$features.done" "$trained.done" -- \
      python -m local.extract_embeddings "$trained" "$data/$split.csv" \
      --features "$features" --out "$embeddings/$split" --device "$device"
  done
fi

if stage 6 "scores -> $exp/scores"; then
  names=${trials:-$(names_in "$data/trials")}
  for backend in $backends; do
    step "$exp/backends/$backend" hparams/backend.yaml \
      "$embeddings"/{train,valid}.npy.done -- python -m local.train_backend "$backend" \
      --embeddings "$embeddings/train" --manifest "$data/train.csv" \
      --valid "$embeddings/valid" --valid-manifest "$data/valid.csv" \
      --out "$exp/backends/$backend"
  done
  for name in $names; do
    list=$data/trials/$name.txt enrol=$data/enrol/$name.txt models=()
    if [[ -f $enrol ]]; then models=(--enrol-models "$enrol"); fi
    for backend in $backends; do
      step "$exp/scores/$name.$backend.txt" "$list" "${models[@]:1}" \
        "$embeddings/test.npy.done" "$exp/backends/$backend.done" -- \
        python -m local.score --backend "$exp/backends/$backend" \
        --enrol "$embeddings/test" --test "$embeddings/test" --trials "$list" \
        "${models[@]}" --metadata "$data/test.csv" --features "$features" \
        --out "$exp/scores/$name.$backend.txt"
    done
  done
fi

if stage 7 "report -> $exp"; then
  step "$exp/results.json" "$data/trials/"*.txt "$exp/scores/"*.done -- \
    python -m local.report --exp "$exp" --data "$data" --model "$trained"
fi
end_stages

if ((stop_stage >= 7)); then
  echo "results: $exp/results.json, $exp/report.html"
  echo "next: another model (--model rescnn), or a corpus of real speech (recipes/*/run.sh)"
fi
