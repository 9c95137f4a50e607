# shellcheck shell=bash
# The Python environment: make .venv when it is missing or out of date, and use it.
#
# Sourced in the repository root. KIND is `venv` for .venv, made with the python3 that
# is found or that the variable PYTHON names, or `none` for the active Python as it is.
# EXTRA is empty, or names optional dependencies that `none` must have as well.

env_stamp=.venv/.fingerprint # written last: an interrupted install starts again

# environment_is_ready KIND [EXTRA]: quick; with `venv` it starts no Python.
environment_is_ready() {
  if [[ $1 == none ]]; then
    local missing
    missing=$(list_packages missing "${2-}" 2> /dev/null) && [[ -z $missing ]]
  else
    [[ -x .venv/bin/python && -f $env_stamp ]] || return 1
    [[ $(< "$env_stamp") == "$(env_fingerprint)" ]]
  fi
}

# make_environment KIND [EXTRA]: make it ready, or say what is missing and fail.
make_environment() {
  if [[ $1 == none ]]; then
    echo "the active Python ($(type -P python || echo "no python on PATH")) lacks:" >&2
    list_packages missing "${2-}" >&2 2> /dev/null || echo "Python itself" >&2
    echo "install them, or leave out --env none to have .venv made" >&2
    return 1
  fi
  make_venv && install_packages && env_fingerprint > "$env_stamp"
}

# use_environment KIND: let `python` be the environment's.
use_environment() {
  if [[ $1 == none ]]; then return; fi
  if ! [[ -x .venv/bin/python && -f $env_stamp ]]; then
    echo ".venv: not there or not finished; run stage 0 first, or use --env none" >&2
    return 1
  fi
  export PATH=$PWD/.venv/bin:$PATH VIRTUAL_ENV=$PWD/.venv
  unset PYTHONHOME
}

# What decides the packages: the two lists, and the Python version.
env_fingerprint() {
  { cat pyproject.toml constraints.txt && wanted_version; } | sha256sum | cut -d ' ' -f 1
}

wanted_version() {
  if [[ -n ${PYTHON-} ]]; then
    "$PYTHON" -c 'import platform; print(platform.python_version())' 2> /dev/null
  else
    venv_version
  fi
}

venv_version() { sed -n 's/^version = //p' .venv/pyvenv.cfg 2> /dev/null; }

find_python() {
  local name
  for name in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.10 python}; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 10))' &> /dev/null; then
      echo "$name"
      return
    fi
  done
  echo "no Python 3.10 or newer${PYTHON:+ at PYTHON=$PYTHON}; install one, or name it:" \
    "PYTHON=/path/to/python3 ./run.sh" >&2
  return 1
}

make_venv() {
  local python log
  python=$(find_python) || return
  if [[ $(wanted_version) == "$(venv_version)" ]] &&
    .venv/bin/python -m pip --version &> /dev/null; then return; fi
  if ! log=$("$python" -m venv --clear .venv 2>&1); then
    tail -n 3 <<< "$log" >&2
    echo "$python cannot make .venv; install its venv and ensurepip modules" \
      "(on Debian and Ubuntu the package python3-venv) and run this again" >&2
    rm -rf .venv
    return 1
  fi
}

install_packages() {
  echo "installing packages into .venv, once; this takes minutes (.venv/install.log)"
  PATH=.venv/bin:$PATH list_packages all test > .venv/requirements.txt || return
  if ! .venv/bin/python -m pip install --disable-pip-version-check \
    -c constraints.txt -r .venv/requirements.txt &> .venv/install.log; then
    tail -n 15 .venv/install.log >&2
    echo "the packages could not be installed; check the network, the free disk space" \
      "and pip's settings, then run the same command again" >&2
    return 1
  fi
}

# list_packages all|missing [EXTRA]: what pyproject.toml asks for, one a line.
list_packages() {
  python - "$@" << 'END'
import re
import sys
from importlib.metadata import distribution, PackageNotFoundError

try:
    import tomllib
except ImportError:  # Python 3.10
    from pip._vendor import tomli as tomllib


def is_missing(requirement):
    try:
        distribution(re.match(r"[\w.-]+", requirement)[0])
    except PackageNotFoundError:
        return True
    return False


with open("pyproject.toml", "rb") as file:
    project = tomllib.load(file)["project"]
which, extra = sys.argv[1:]
packages = project["dependencies"] + project["optional-dependencies"].get(extra, [])
for package in packages:
    if which == "all" or is_missing(package):
        print(package)
END
}
