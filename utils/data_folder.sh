# shellcheck shell=bash
# What is in a data folder: its splits.

# splits_in DATA SPLIT...: those that the folder has.
splits_in() {
  local split
  for split in "${@:2}"; do
    if [[ -f $1/$split.csv ]]; then echo "$split"; fi
  done
}
