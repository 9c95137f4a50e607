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
download=false             # get it into --source first, where that is allowed
prepare_options=           # more options of recipes.<corpus>.prepare, in one string
skip_bad=false             # go on without unreadable audio files
skip_silent=false          # go on without nearly silent ones
front_end=features         # hparams/<front_end>.yaml
augment=                   # hparams/<augment>.yaml: copies of the training speech
sources=                   # recordings for them: "noise=noise.csv music=music.csv"
model=rescnn_small         # hparams/train_<model>.yaml, or hparams/sizes/<model>.yaml
phases="pretrain triplet"  # trained in turn; perhaps "pretrain pretrain:large_margin"
pretrained=                # trained model, a folder or a name in models/: embed with it alone
adapt=false                # --pretrained: learn back-ends on the corpus's training speech
task=                      # accent, language, gender, age, ...: tell that label, no speakers
task_options=              # more options of local.prepare_task, such as "--where age>=16"
heads="linear gaussian mlp mlp+voice linear@pitch" # of a --task; +voice: and of the voice
leak_probe=false           # of a --task: train the encoder on shared speakers as well
init=                      # trained model, likewise, that the first phase starts from
teacher=                   # trained model, likewise, that the phase distil follows
trust=false                # build whatever their folders describe, commands too
overrides=                 # hyper-parameters, such as "--pretrain.epochs 2"
backends="averages cosine lda" # of hparams/backend.yaml; perhaps "averages plda+asnorm+cal"
trials=                    # trial lists by name; empty: all of the corpus
stage=0                    # first stage
stop_stage=7               # last stage
force=false                # repeat stages that are up to date
tag=                       # name of the experiment; empty: that of its model
data=                      # empty: data/<corpus>
exp=                       # empty: exp/<corpus>/<tag>
seed=1986                  # of the synthetic voices, the splits and the training
seeds=1                    # trainings: with seed, seed + 1, ..., each in its own folder
env=venv                   # .venv in this folder; none: the active Python
nj=2                       # parallel processes
train_processes=1          # that train as one, each with a GPU where --device is cuda
device=cpu                 # or cuda, cuda:1, ...
# end of options
. "$root/utils/parse_options.sh"
. "$root/utils/stages.sh"
. "$root/utils/env.sh"
. "$root/utils/experiment.sh"
. "$root/utils/task.sh"

resolve_models "$root" pretrained init teacher
resolve_paths "$root" source pretrained init teacher data exp
cd "$root"
data=${data:-data/$corpus}
first_exp=${exp:-exp/$corpus/${tag:-$(default_tag)}}
features=$data/features run_log=$first_exp/run.log
hparams=$(model_yaml "$model")
augment_yaml=${augment:+hparams/$augment.yaml}
check_options
split_options
begin_training "$seed"

if stage 0 "Python environment"; then
  environment_is_ready "$env" || run make_environment "$env"
fi
use_environment "$env"

if stage 1 "manifests and trials -> $data"; then
  if [[ $download == true ]]; then mkdir -p "$source"; fi
  forget_changed_audio "$data/audio.tsv" "$data/summary.txt"
  step "$data/summary.txt" ${source:+"$source"} "${source_lists[@]}" -- \
    python -m "recipes.$corpus.prepare" --source "$source" --out "$data" --seed "$seed" \
    --nj "$nj" "${skip_option[@]}" "${prepare_words[@]}"
  step "$data" "$data"/*.{csv,tsv} "$data"/{trials,enrol}/*.txt -- \
    python -m local.validate_data "$data" --nj "$nj" "${skip_option[@]}"
  if [[ -n $task ]]; then prepare_task; fi
fi

if stage 2 "filterbanks of the speech -> $features"; then
  step "$features" "$data"/*.{csv,tsv} "$front_end" "${source_words[@]##*=}" \
    ${augment_yaml:+"$augment_yaml"} -- \
    python -m local.compute_features "$data" --out "$features" "${front_end_option[@]}" \
    ${augment_yaml:+--augment "$augment_yaml"} "${source_words[@]}" --seed "$seed" \
    --nj "$nj" "${skip_option[@]}" "${silent_option[@]}"
fi

if [[ -n $task ]]; then run_task; fi # stages 3 to 7 of a label, and ends
for training_seed in $(seq $((seed + seeds - 1)) -1 "$seed"); do # the first tells of all
  begin_training "$training_seed"
  if [[ -z $pretrained ]] && stage 3 "training, first phase -> $exp"; then
    train_phase "${phase_words[0]}"
  fi

  if [[ -z $pretrained ]] && stage 4 "training, other phases -> $trained"; then
    for ((n = 1; n < ${#phase_words[@]}; n++)); do
      train_phase "${phase_words[n]}" "${phase_words[n - 1]}"
    done
  fi

  if stage 5 "embeddings -> $embeddings"; then
    for split in $(splits_in "$data" train valid cohort test); do embed_split "$split"; done
  fi

  if stage 6 "back-ends and scores -> $exp/scores"; then
    step "$exp/scores" "$embeddings/test.npy.done" "$embeddings"/*.npy.done "$data"/*.csv \
      "$data"/{trials,enrol}/*.txt "$features.done" hparams/backend.yaml "${own_backends[@]}" -- \
      python -m local.score_lists --exp "$exp" --data "$data" --backends "${backend_words[@]}" \
      --trials "${trial_words[@]}" --features "$features" --model "$trained" "${force_option[@]}"
  fi

  if stage 7 "report -> $exp"; then
    step "$exp/results.json" "$data/trials/"*.txt "$exp/scores.done" \
      "${other_seeds[@]/%//results.json}" -- \
      python -m local.report --exp "$exp" --data "$data" --model "$trained" \
      --features "$features" --other-seeds "${other_seeds[@]}" --nj "$nj"
  fi
done
end_stages
tell_results
