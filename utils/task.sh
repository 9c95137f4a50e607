# shellcheck shell=bash disable=SC2034,SC2154 # variables of run.sh, read and set
# Stages 3 to 7 of run.sh --task: a label is told in place of speakers.

# check_task: refuse options that a task has no use for, and set those that follow.
check_task() {
  [[ -n $task ]] || {
    [[ $leak_probe == false ]] || wrong_usage "--leak-probe: only with --task"
    return 0
  }
  ((train_processes == 1)) || wrong_usage "--train-processes: --task trains in one process"
  [[ $seeds == 1 ]] || wrong_usage "--seeds: --task trains once; give --seed instead"
  [[ -z $pretrained || -n $heads ]] || wrong_usage "--heads: name one, such as linear"
  [[ $leak_probe == false || -z $pretrained ]] ||
    wrong_usage "--leak-probe: heads of a --pretrained model are probed without it"
  if [[ -n $pretrained ]]; then adapt=true; fi
  local head
  for head in $heads; do
    grep -q "^${head%[+@]*}: *!new" hparams/attributes.yaml ||
      wrong_usage "--heads: no $head in hparams/attributes.yaml"
  done
}

# Choose the folders of a task; embeddings of a pretrained model serve all tasks.
choose_task_folders() {
  read -ra task_words <<< "$task_options"
  read -ra head_words <<< "$heads"
  if [[ -n $pretrained ]]; then
    embeddings=exp/$corpus/pretrained-$(trained_name "$pretrained")/embeddings
    features=${embeddings%/embeddings}/features voice=${embeddings%/embeddings}/voice
  else
    trained=$exp/network head_words=() voice=
  fi
}

# Choose whose label is told, and which speakers test it.
prepare_task() {
  step "$exp/task" "$data"/{train,valid,test}.csv -- \
    python -m local.prepare_task "$data" --task "$task" --out "$exp/task" --seed "$seed" \
    "${task_words[@]}"
}

# measure_split SPLIT: measure pitch, voicing and spectrum of a manifest's utterances.
measure_split() {
  step "$voice/$1.npy" "$data/$1.csv" "$features.done" -- \
    python -m local.measure_voices "$data/$1.csv" --out "$voice/$1" --nj "$nj"
}

# train_network SPEAKERS: train on speakers that are apart from the test's, or shared.
train_network() {
  resumable_step "$trained" "$hparams" hparams/attribute{s,_training}.yaml \
    "$exp/task.done" "$features.done" -- \
    python -m local.train_attribute --hparams "$hparams" --features "$features" \
    --exp "$exp" --speakers "$1" --seed "$seed" --device "$device" --out "$trained" \
    "${override_words[@]}"
}

# Embed all splits by the network or by the pretrained model.
embed_splits() {
  local split
  for split in $(splits_in "$data" train valid test); do
    embed_split "$split"
    if [[ $heads == *[+@]* && -n $pretrained ]]; then measure_split "$split"; fi
  done
}

# on_shared COMMAND...: run it for the network of shared speakers.
on_shared() {
  local trained=$trained-shared embeddings=$embeddings-shared
  if [[ $leak_probe == true ]]; then "$@"; fi
}

# Run the stages, and end.
run_task() {
  local shared_words=()
  if [[ -z $pretrained ]] && stage 3 "training on $task -> $trained"; then
    train_network apart
    on_shared train_network shared
  fi
  if stage 5 "embeddings -> $embeddings"; then
    embed_splits
    on_shared embed_splits
  fi
  if [[ $leak_probe == true ]]; then
    shared_words=(--shared "$embeddings-shared" "$trained-shared")
  fi
  if stage 6 "heads on $task -> $exp/heads"; then
    step "$exp/told" "$exp/task.done" "$embeddings"/*.npy.done \
      ${shared_words:+"$embeddings-shared"/*.npy.done} "$features.done" \
      hparams/attributes.yaml -- \
      python -m local.learn_heads --exp "$exp" --embeddings "$embeddings" \
      --features "$features" ${voice:+--voice "$voice"} --model "$trained" \
      "${shared_words[@]}" --heads "${head_words[@]}"
  fi
  if stage 7 "report -> $exp"; then
    step "$exp/results.json" "$exp/told.done" hparams/attributes.yaml -- \
      python -m local.report_task --exp "$exp" --model "$trained"
  fi
  end_stages
  tell_task_results
  exit 0
}

# Say where the results are, and what may come next.
tell_task_results() {
  if ((stop_stage >= 7)); then
    echo "results: $exp/results.json, $exp/report.html"
    echo "next: local.attributes tells recordings by a head of $exp/heads/"
  fi
}
