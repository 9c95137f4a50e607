# shellcheck shell=bash disable=SC2034,SC2154 # variables of run.sh, read and set
# What the options of run.sh stand for, and how a phase is trained: functions of run.sh
# alone, called in the repository's folder.

# Refuse options that lead nowhere.
check_options() {
  check_task
  ((seeds > 0)) || wrong_usage "--seeds is 1 or more"
  [[ $seeds == 1 || -z $pretrained ]] || wrong_usage "--seeds: --pretrained trains nothing"
  [[ $env == venv || $env == none ]] || wrong_usage "--env is venv or none, not '$env'"
  need_path --corpus "recipes/$corpus/prepare.py" recipes/*/prepare.py
  [[ $download == true && -n $source ]] || need_path --source "${source:-.}"
  need_path --model "$hparams" hparams/train_*.yaml hparams/sizes/*.yaml
  [[ $adapt == false || -n $pretrained ]] || wrong_usage "--adapt is for a --pretrained model"
  need_model --pretrained "$pretrained" "$pretrained/encoder.pt"
  need_model --init "$init" "$init"
  need_model --teacher "$teacher" "$teacher/encoder.pt"
  if [[ " $phases" == *" distil"* && -z $teacher ]]; then
    wrong_usage "the phase distil follows a model; name it by --teacher"
  fi
}

# need_model FLAG MODEL PATH: refuse a model that is not there, and say how to get one.
need_model() {
  [[ -z $2 || -e $3 ]] || wrong_usage \
    "$1: there is no $3; local.get_model gets published ones into models/"
}

# model_yaml MODEL: its hyper-parameters, at full width or at another size.
model_yaml() {
  if [[ -e hparams/train_$1.yaml ]]; then
    echo "hparams/train_$1.yaml"
  else
    echo "hparams/sizes/$1.yaml"
  fi
}

# default_tag: the name of an experiment that was given none: that of the model it uses.
default_tag() {
  if [[ -z $pretrained ]]; then
    echo "$model${task:+-$task}"
  else
    echo "pretrained-$(trained_name "$pretrained")${task:+-$task}"
  fi
}

# trained_name FOLDER: what a trained model is called. A folder that local.train made is
# named after its phase, so its experiment's name comes before that.
trained_name() {
  local path
  path=$(cd "$1" 2> /dev/null && pwd) || path=$1
  if [[ -e $path/identity ]]; then
    echo "$(basename "$(dirname "$path")")-$(basename "$path")"
  else
    basename "$path"
  fi
}

# Split options that hold several words, and turn switches into the programs' options.
split_options() {
  read -ra phase_words <<< "$phases"
  read -ra override_words <<< "$overrides"
  read -ra prepare_words <<< "$prepare_options"
  read -ra backend_words <<< "$backends"
  read -ra trial_words <<< "$trials"
  read -ra source_words <<< "$sources"
  source_words=("${source_words[@]/#/--source=}")
  skip_option=() silent_option=() trust_option=() force_option=() source_lists=()
  if [[ -f $source ]]; then source_lists=("$(dirname "$source")"/trials*.txt); fi
  if [[ $download == true ]]; then prepare_words+=(--download); fi
  if [[ -n $pretrained && $adapt == false ]]; then prepare_words+=(--extract-only); fi
  if [[ $skip_bad == true ]]; then skip_option=(--skip-bad); fi
  if [[ $skip_silent == true ]]; then silent_option=(--skip-silent); fi
  if [[ $trust == true ]]; then trust_option=(--trust); fi
  if [[ $force == true ]]; then force_option=(--force); fi
}

# begin_training SEED: choose the folders of a training; the first seed's report tells of
# the other seeds, too.
begin_training() {
  local n
  training_seed=$1 exp=$first_exp other_seeds=()
  if ((training_seed > seed)); then
    exp=$first_exp-seed$training_seed
  else
    for ((n = seed + 1; n < seed + seeds; n++)); do other_seeds+=("$first_exp-seed$n"); done
  fi
  embeddings=$exp/embeddings
  choose_model
  if [[ -n $task ]]; then choose_task_folders; fi
}

# Choose the model that embeds, with its front-end and its back-ends: the last phase's,
# or the one that --pretrained names.
choose_model() {
  trained=$(phase_folder "${phase_words[-1]}")
  front_end=hparams/$front_end.yaml
  front_end_option=(--hparams "$front_end")
  own_backends=()
  if [[ -n $pretrained ]]; then
    trained=$pretrained features=$exp/features
    front_end=$pretrained/front_end.yaml
    front_end_option=(--model "$pretrained" "${trust_option[@]}")
    own_backends=("$pretrained"/{,../}backends/*/backend.json)
  fi
}

# embed_split SPLIT: embed the utterances of a manifest by the model that was chosen.
embed_split() {
  step "$embeddings/$1.npy" "$data/$1.csv" "$features.done" "$trained/experiment.json" -- \
    python -m local.extract_embeddings "$trained" "$data/$1.csv" --features "$features" \
    --out "$embeddings/$1" --device "$device" "${trust_option[@]}"
}

# splits_in DATA SPLIT...: those that the folder has.
splits_in() {
  local split
  for split in "${@:2}"; do
    if [[ -f $1/$split.csv ]]; then echo "$split"; fi
  done
}

# phase_folder PHASE[:CHANGES]: where it is trained.
phase_folder() { echo "$exp/${1#*:}"; }

# phase_changes PHASE[:CHANGES]: the file with its changes, if there are any.
phase_changes() {
  if [[ $1 == *:* ]]; then echo "hparams/${1#*:}.yaml"; fi
}

# Embed the training speech by the teacher.
teach() {
  step "$exp/teacher.npy" "$features.done" "$teacher/experiment.json" "$data/train.csv" -- \
    python -m local.embed_teacher "$teacher" --features "$features" --out "$exp/teacher" \
    --manifest "$data/train.csv" --device "$device" "${trust_option[@]}"
}

# train_phase PHASE[:CHANGES] [PREVIOUS]: train a phase, from the one before it or from
# the model that --init names.
train_phase() {
  local phase=${1%:*} out init_from=$init made_by=$init changes taught python=(python)
  out=$(phase_folder "$1")
  changes=$(phase_changes "$1")
  if [[ -n ${2-} ]]; then init_from=$(phase_folder "$2") made_by=$init_from.done; fi
  if [[ $phase == distil ]]; then
    teach
    taught=$exp/teacher
  fi
  if ((train_processes > 1)); then
    python+=(-m torch.distributed.run --standalone --nproc-per-node "$train_processes")
  fi
  resumable_step "$out" \
    "$hparams" ${changes:+"$changes"} "$features.done" ${made_by:+"$made_by"} \
    ${taught:+"$taught.npy.done"} -- \
    "${python[@]}" -m local.train "$phase" --hparams "$hparams" --features "$features" \
    --seed "$training_seed" --device "$device" ${changes:+--changes "$changes"} \
    ${init_from:+--init "$init_from"} ${taught:+--teacher "$taught"} --out "$out" \
    "${override_words[@]}"
}

# tell_results: say where the results are, and what may come next.
tell_results() {
  if ((stop_stage >= 7)); then
    echo "results: $exp/results.json, $exp/report.html"
    echo "next: another model (--model rescnn), or a corpus of real speech (recipes/*/run.sh)"
  fi
}
