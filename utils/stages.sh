# shellcheck shell=bash disable=SC2154 # the options are the caller's
# Numbered stages made of steps. A step is skipped when its output is there and the
# fingerprint beside it (OUT.done) shows the same command and the same inputs.
#
#   if stage 3 "training -> $exp/model"; then
#     step "$exp/model" hparams/train.yaml "$data/features.done" -- python -m local.train …
#   fi
#   end_stages
#
# Sourced by a script with the options stage, stop_stage and force. Naming another step's
# OUT.done as an input makes a step follow it.

run_log=/dev/null # file that the lines about stages are added to
stage_number=
stage_title=
stage_start= # seconds at the stage's first step that was not skipped

# Print a line with the time of day, and keep it.
say() {
  mkdir -p "$(dirname "$run_log")"
  printf '[%(%T)T] %s\n' -1 "$1" | tee -a "$run_log"
}

# stage NUMBER TITLE: end the stage before; tell whether this one is asked for.
stage() {
  end_stage
  ((stage <= $1 && $1 <= stop_stage)) || return 1
  stage_number=$1 stage_title=$2 stage_start=
}

end_stage() {
  [[ -n $stage_number ]] || return 0
  if [[ -n $stage_start ]]; then
    say "stage $stage_number done in $((SECONDS - stage_start)) s"
  else
    say "stage $stage_number: up to date"
  fi
  stage_number=
}

end_stages() {
  end_stage
  say "all done in $SECONDS s"
}

# run COMMAND...: run it as part of the stage; its failure ends the script.
run() {
  if [[ -z $stage_start ]]; then
    stage_start=$SECONDS
    say "stage $stage_number: $stage_title"
  fi
  local code=0
  "$@" || code=$?
  ((code == 0)) || {
    say "stage $stage_number stopped with exit code $code" >&2
    exit "$code"
  }
}

# step OUT [INPUT...] -- COMMAND...: make OUT, unless it is up to date.
step() {
  local out=$1 inputs=() mark
  shift
  while [[ $1 != -- ]]; do
    inputs+=("$1")
    shift
  done
  shift
  mark=$(print_identity "${inputs[@]}" -- "$@" | sha256sum) || exit 1
  mark=${mark%% *}
  if [[ $force == false && -e $out ]] && is_marked "$out" "$mark"; then return; fi
  rm -f "$out.done"
  run "$@"
  if ! [[ -e $out ]]; then
    echo "$out was not written by: $*" >&2
    exit 1
  fi
  { echo "$mark" && printf '%(%F %T)T' -1 && printf ' %q' "$@" && echo; } > "$out.done"
}

# As step, for a command that goes on from a half-made OUT: --force sets that aside.
resumable_step() {
  if [[ $force == true && -e $1 ]]; then set_aside "$1"; fi
  step "$@"
}

# set_aside PATH: rename it to PATH.previous, or PATH.previous2, ... the first that is
# free, as utils/runtime/atomic.py does.
set_aside() {
  local kept=$1.previous number=1
  while [[ -e $kept ]]; do
    number=$((number + 1)) kept=$1.previous$number
  done
  mv "$1" "$kept"
}

tell_missing() {
  echo "$1: not there; run the stage that makes it first" >&2
  return 1
}

# Whether OUT.done holds the fingerprint.
is_marked() {
  local line
  [[ -f $1.done ]] && read -r line < "$1.done" && [[ $line == "$2" ]]
}

# print_identity [INPUT...] -- COMMAND...: all that decides what a step's output is.
print_identity() {
  while [[ $1 != -- ]]; do
    printf 'input %s\n' "$1"
    print_input "$1" || return
    shift
  done
  shift
  while (($#)); do
    case $1 in
      --device | --nj) shift ;; # with its value: these change the speed only
      --force) ;;               # repeats what would come out the same
      *) printf 'word %s\0' "$1" ;;
    esac
    shift
  done
}

# The contents of a file, with those that a YAML includes or is about; of a folder's files;
# or the state of audio.
print_input() {
  if [[ -d $1 ]]; then
    print_folder "$1"
  elif [[ $1 == */audio.tsv ]]; then
    print_audio "$1"
  elif ! [[ -f $1 ]]; then
    tell_missing "$1"
  elif [[ $1 == *.yaml ]]; then
    cat "$1"
    local included
    while read -r included; do
      print_input "$(dirname "$1")/$included" || return
    done < <(sed -n 's/^[^#]*!include:\([^ ]*\).*/\1/p; s/^base: \([^ !]*\)$/\1/p' "$1")
  else
    cat "$1"
  fi
}

# A folder's files: the contents of lists, size and time of audio and of what is large.
print_folder() {
  local large=(-size +1M -o -iregex '.*[.]\(wav\|flac\|ogg\|opus\|mp3\|sph\|aiff?\|au\|m4a\)')
  {
    find -L "$1/" -type f \( "${large[@]}" \) -printf '%P %s %T@\n' || true
    find -L "$1/" -type f ! \( "${large[@]}" \) -exec sha256sum {} + || true
  } 2> /dev/null | LC_ALL=C sort
}

# print_audio FILE: what stat says now of the files that FILE lists, in its form.
print_audio() {
  cut -f 3 "$1" | tr '\n' '\0' | xargs -0 -r stat -L --printf '%s\t%.9Y\t%n\n' 2>&1 || true
}

# forget_changed_audio FILE OUT: make OUT anew where the files that FILE lists have changed.
forget_changed_audio() {
  [[ ! -f $1 ]] || cmp -s "$1" <(print_audio "$1") || rm -f "$2.done"
}
