#!/usr/bin/env bash
# What people get: a wheel, installed anew for each Python, outside of the repository.
#
#   [EVERYTHING="PYTHON..."] ./release.sh WHEEL PYTHON...
#
# Each Python runs docs/how_to/installing.md with the core alone, the first one also with the lowest
# versions that pyproject.toml admits, and each of EVERYTHING, by default all, README.md.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
wheel=$(realpath "$1")
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# install FOLDER PYTHON REQUIREMENT...: a new environment, with what runs pages
install() {
    "$2" -m venv "$1"
    "$1/bin/python" -m pip install --quiet --disable-pip-version-check "${@:3}" markdown-it-py
}

# page FOLDER PAGE: runs the page's blocks in an empty folder, with the environment's `gmn`
page() {
    mkdir "$1/empty"
    (cd "$1/empty" && PATH="$work/$1/bin:$PATH" ../bin/python "$root/tests/run_page.py" "$root/$2")
}

first=yes
for python in "$@"; do
    version=$("$python" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) || {
        echo "$python: not on this machine, left out"
        continue
    }
    install "core-$version" "$python" -c "$root/constraints.txt" "$wheel"
    page "core-$version" docs/how_to/installing.md
    echo "Python $version, the core: $(du -sm "core-$version/lib" | cut -f1) MB, installing.md runs"
    if [ "$first" = yes ]; then
        uv pip compile --quiet --resolution lowest-direct --python "$python" --no-header \
            "$root/pyproject.toml" >lowest.txt
        install lowest "$python" -r lowest.txt "$wheel"
        page lowest docs/how_to/installing.md
        echo "Python $version, the lowest versions: installing.md runs"
        first=no
    fi
    case " ${EVERYTHING-$*} " in
    *" $python "*)
        install "all-$version" "$python" -c "$root/constraints.txt" "$wheel[pipelines,export]"
        page "all-$version" README.md
        echo "Python $version, everything: README.md runs"
        ;;
    esac
done
[ "$first" = no ] || { echo "none of these Pythons is on this machine: $*" >&2; exit 1; }
