# shellcheck shell=bash
# Set the variables of the calling script's option block from its command line.
#
# Sourced before the script changes folder. The block runs from the line `# options`
# to the line `# end of options`; each `name=default` in it is a flag. A default of
# `false` makes a switch without a value; a whole number takes whole numbers only.
# No value is ever evaluated.

option_script=${BASH_SOURCE[1]}
option_block=$(sed -n '/^# options/,/^# end of options/p' "$option_script")

# Print what is wrong with the command line and leave.
wrong_usage() {
  echo "${option_script##*/}: $1" >&2
  exit 2
}

# need_path FLAG PATH [CHOICE...]: refuse a flag whose value leads to no file or folder.
need_path() {
  [[ -e $2 ]] || wrong_usage "$1: there is no $2${3:+; there are: ${*:3}}"
}

# resolve_paths ROOT NAME...: turn paths from the caller's folder into paths from ROOT.
resolve_paths() {
  local root=$1 name path
  for name in "${@:2}"; do
    path=${!name}
    if [[ -n $path && $path != /* ]]; then path=${PWD%/}/$path; fi
    printf -v "$name" %s "${path#"$root/"}"
  done
}

# resolve_models ROOT NAME...: turn names of folders in ROOT/models into their paths.
resolve_models() {
  local root=$1 name
  for name in "${@:2}"; do
    if [[ -n ${!name} && ! -e ${!name} && -d $root/models/${!name} ]]; then
      printf -v "$name" %s "$root/models/${!name}"
    fi
  done
}

# Whether an argument such as --stop-stage names a variable of the block.
is_option() {
  local name=${1#--}
  name=${name//-/_}
  [[ $1 == --* && $name =~ ^[a-z][a-z0-9_]*$ && $'\n'$option_block == *$'\n'"$name="* ]]
}

# Whether the block's default of NAME matches a regular expression.
default_matches() { [[ $option_block =~ $'\n'$1=$2([[:space:]]|$) ]]; }

# The script's first comment and its option block.
print_help() {
  awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$option_script"
  printf '\n%s\n' "$option_block"
}

while (($#)); do
  if [[ $1 == -h || $1 == --help ]]; then
    print_help
    exit 0
  fi
  is_option "$1" || wrong_usage "unknown option '$1'; --help lists the options"
  option_name=${1#--}
  option_name=${option_name//-/_}
  if default_matches "$option_name" false; then
    printf -v "$option_name" true
    shift
    continue
  fi
  if (($# < 2)) || is_option "$2"; then
    wrong_usage "$1 needs a value; --help shows its default"
  fi
  if ! default_matches "$option_name" '[0-9]+'; then
    printf -v "$option_name" %s "$2"
  elif [[ $2 =~ ^[0-9]{1,9}$ ]]; then
    printf -v "$option_name" %d "$((10#$2))"
  else
    wrong_usage "$1 needs a whole number, not '$2'"
  fi
  shift 2
done
