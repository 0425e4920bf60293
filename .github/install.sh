#!/bin/sh
# Installs pw-workflow-runner: fetches this machine's binary of a release, checks its SHA-256 sum, and only then puts it
# in place. Needs no root. Linux (glibc) and macOS, x86-64 and arm64.
#
#   PW_INSTALL_DIR   where to, instead of ~/.local/bin
#   PW_VERSION       which release, instead of the latest
#   PW_BASE_URL      where releases are, for a mirror: BASE/latest/download/FILE and BASE/download/vVERSION/FILE
set -eu

# A release's own copy of this script names the place here.
releases=""

readonly NAME=pw-workflow-runner

main() {
  base=${PW_BASE_URL:-$releases}
  [ -n "$base" ] || die "it is not told where releases are" "Set PW_BASE_URL, or take the install.sh of a release"
  folder=${PW_INSTALL_DIR:-${HOME:+$HOME/.local/bin}}
  [ -n "$folder" ] || die "there is no home folder" "Set PW_INSTALL_DIR to the folder that it shall go to"
  case ${PW_VERSION:-} in
    *[!0-9A-Za-z.+-]*) die "PW_VERSION is no version: $PW_VERSION" "Give it like 0.1.0, or leave it out for the latest" ;;
  esac
  asset=$NAME-$(target)
  place=${base%/}/latest/download
  [ -z "${PW_VERSION:-}" ] || place=${base%/}/download/v${PW_VERSION#v}

  make_work_folder
  fetch "$place/SHA256SUMS" "$work/sums"
  wanted=$(sum_in "$work/sums")
  [ -n "$wanted" ] || die "$place/SHA256SUMS has no sum for $asset" "Without one it can't be checked: choose another PW_VERSION"
  fetch "$place/$asset" "$work/$NAME"
  found=$(sum_of "$work/$NAME")
  [ "$found" = "$wanted" ] ||
    die "$place/$asset is not what its release says: its SHA-256 sum is $found and should be $wanted" \
      "Try again; if it stays so, don't use it, and tell the maintainers"
  chmod 755 "$work/$NAME"
  said=$("$work/$NAME" --version) || die "$asset does not start on this machine" \
    "It needs glibc 2.27 or newer on Linux; elsewhere run it with Deno: deno run main.ts"
  [ ! -d "$folder/$NAME" ] || die "$folder/$NAME is a folder" "Move it away, or set PW_INSTALL_DIR"
  mv -f "$work/$NAME" "$folder/$NAME"

  printf 'Installed %s as %s\n' "$said" "$folder/$NAME"
  tell_path
}

# The release's name for this machine.
target() {
  os=$(uname -s) machine=$(uname -m)
  case $os in
    Linux) suffix=unknown-linux-gnu ;;
    Darwin) suffix=apple-darwin ;;
    MINGW* | MSYS* | CYGWIN* | Windows*)
      die "this script is not for Windows" \
        "Download $NAME-x86_64-pc-windows-msvc.exe from ${base%/}, and compare Get-FileHash with its line in SHA256SUMS"
      ;;
    *) die "there is no binary for $os" "Run it with Deno: deno run main.ts" ;;
  esac
  # A shell that macOS translates says x86_64 on Apple silicon too.
  if [ "$os-$machine" = Darwin-x86_64 ] && [ "$(sysctl -n sysctl.proc_translated 2>/dev/null || :)" = 1 ]; then
    machine=arm64
  fi
  case $machine in
    x86_64 | amd64) printf 'x86_64-%s' "$suffix" ;;
    aarch64 | arm64) printf 'aarch64-%s' "$suffix" ;;
    *) die "there is no binary for $os on $machine" "Run it with Deno: deno run main.ts" ;;
  esac
}

# In the folder itself, so that the last step is a rename: what stands at the place is always whole.
make_work_folder() {
  mkdir -p "$folder" 2>/dev/null || die "$folder can't be made" "Set PW_INSTALL_DIR to a folder that you may write to"
  folder=$(cd "$folder" && pwd)
  work=$(mktemp -d "$folder/.$NAME.XXXXXX" 2>/dev/null) ||
    die "$folder can't be written to" "Set PW_INSTALL_DIR to a folder that you may write to"
  trap 'rm -rf "$work"' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

fetch() {
  # Whoever is asked by https must not send us on to anything weaker.
  case $1 in https:*) protocols='=https' ;; *) protocols='=http,https' ;; esac
  if has curl; then
    curl --fail --silent --show-error --location --proto "$protocols" --connect-timeout 30 --retry 2 --output "$2" "$1" && return
  elif has wget; then
    wget -q -O "$2" "$1" && return
  else
    die "there is neither curl nor wget" "Install one of them"
  fi
  die "$1 could not be downloaded" "Check the network${PW_VERSION:+, and that there is a release $PW_VERSION}"
}

# The sum of the asset's line; lines are "SUM  NAME", or "SUM *NAME" from some tools.
sum_in() {
  while read -r sum name; do
    if [ "${name#\*}" = "$asset" ] && [ "${#sum}" -eq 64 ]; then printf '%s' "$sum"; fi
  done <"$1"
}

sum_of() {
  if has sha256sum; then
    sum=$(sha256sum <"$1")
  elif has shasum; then
    sum=$(shasum -a 256 <"$1")
  elif has openssl; then
    sum=$(openssl dgst -sha256 -r <"$1")
  else
    die "there is no program for SHA-256 sums" "Install sha256sum, shasum or openssl"
  fi
  printf '%s' "${sum%% *}"
}

tell_path() {
  case :$PATH: in
    *":$folder:"*) ;;
    *)
      # The user's shell is to read $PATH, not this one.
      # shellcheck disable=SC2016
      printf '%s is not on your PATH: add it with  export PATH="%s:$PATH"\n' "$folder" "$folder"
      return
      ;;
  esac
  first=$(command -v "$NAME" || :)
  [ "$first" = "$folder/$NAME" ] || printf 'On your PATH, %s comes before it\n' "$first"
}

has() { command -v "$1" >/dev/null 2>&1; }

die() {
  printf 'Cannot install %s: %s\n  %s\n' "$NAME" "$1" "$2" >&2
  exit 1
}

# Last, so that a script that was cut does nothing.
main
