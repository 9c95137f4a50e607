# shellcheck shell=bash
# What is in a data folder: splits, trial lists, and speech for back-ends to learn from.
#
# Sourced after utils/stages.sh.

# names_in FOLDER: its .txt files without the ending.
names_in() {
  [[ -d $1 ]] || tell_missing "$1" || return
  find "$1" -name '*.txt' -printf '%f\n' | sed 's/\.txt$//' | LC_ALL=C sort
}

# splits_in DATA SPLIT...: those that the folder has.
splits_in() {
  local split
  for split in "${@:2}"; do
    if [[ -f $1/$split.csv ]]; then echo "$split"; fi
  done
}

# learning_split DATA BACKEND: the split that a back-end is learnt on, if there is one.
# A cohort is for score normalisation, and says too little of each speaker for more.
learning_split() {
  local splits=(train)
  case $2 in cosine* | centred*) splits=(cohort train) ;; esac
  splits_in "$1" "${splits[@]}" | head -n 1 | grep .
}

# held_out_options DATA EMBEDDINGS: what calibration is learnt on, if it is there.
held_out_options() {
  if [[ -f $1/valid.csv ]]; then
    printf '%s\n' --valid "$2/valid" --valid-manifest "$1/valid.csv"
  fi
}

# model_options DATA LIST: the enrolled models of a trial list, if it has any.
model_options() {
  if [[ -f $1/enrol/$2.txt ]]; then printf '%s\n' --enrol-models "$1/enrol/$2.txt"; fi
}

# find_backend BACKEND FOLDER...: the first folder that has learnt it; cosine needs none.
find_backend() {
  local folder
  for folder in "${@:2}"; do
    if [[ -f $folder/$1/backend.json ]]; then
      echo "$folder/$1"
      return
    fi
  done
  if [[ $1 == cosine ]]; then echo cosine && return; fi
  echo "back-end $1 is left out: there is no training speech to learn it on" >&2
  return 1
}
