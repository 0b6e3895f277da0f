#!/bin/sh
# Installs azptu for the user who runs it, without root, and undoes it again.
#
#   ./install.sh                     build from this checkout (needs Go) and install
#   ./install.sh --binary FILE       install a binary that is already built
#   ./install.sh --uninstall         take everything away that this script put there
#
# Options
#   --prefix DIR       where to install: DIR/bin, DIR/share (default: ~/.local)
#   --no-path          leave the shell's start-up files alone
#   --no-completion    no shell completion
#   --no-man           no manual pages
#
# Running it again updates what is there. Settings and state of azptu are never touched.
set -eu

prefix=${HOME:?HOME is not set}/.local
binary=''
uninstall=''
touch_path=yes
completion=yes
man=yes
mark='# added by the azptu installer'

usage() { sed -n '2,/^set -eu/s/^# \{0,1\}//p' "$0" | sed '$d'; }
say() { printf 'azptu: %s\n' "$*"; }
die() {
	printf 'azptu: %s\n' "$*" >&2
	exit "${2:-1}"
}

while [ $# -gt 0 ]; do
	case $1 in
	--binary | --prefix)
		[ $# -ge 2 ] || die "$1 wants a value; see --help"
		if [ "$1" = --binary ]; then binary=$2; else prefix=$2; fi
		shift
		;;
	--binary=*) binary=${1#*=} ;;
	--prefix=*) prefix=${1#*=} ;;
	--no-path) touch_path='' ;;
	--no-completion) completion='' ;;
	--no-man) man='' ;;
	--uninstall) uninstall=yes ;;
	-h | --help)
		usage
		exit 0
		;;
	*)
		printf 'azptu: unknown option %s; see --help\n' "$1" >&2
		exit 2
		;;
	esac
	shift
done

case $prefix in
/*) ;;
*) prefix=$(pwd)/$prefix ;;
esac
bin=$prefix/bin
case $bin in
*:* | *\'* | *\"* | *\$* | *\`* | *\\*) die "a path with ':', quotes, '\$' or a backslash cannot be put on PATH: $bin" ;;
esac
share=$prefix/share
bash_completion=$share/bash-completion/completions/azptu
zsh_completion=$share/zsh/site-functions/_azptu
fish_completion=${XDG_CONFIG_HOME:-$HOME/.config}/fish/completions/azptu.fish

# profiles: the start-up files of the shells that this user has; at least ~/.profile.
profiles() {
	printf '%s\n' "$HOME/.profile"
	for file in .bash_profile .bashrc .zshrc; do
		if [ -f "$HOME/$file" ]; then printf '%s\n' "$HOME/$file"; fi
	done
}

# forget FILE: takes the installer's lines out of a start-up file, links and modes kept.
forget() {
	[ -f "$1" ] && grep -qF "$mark" "$1" || return 0
	left=$(mktemp)
	grep -vF "$mark" "$1" >"$left" || true
	cat "$left" >"$1"
	rm -f "$left"
	if [ ! -s "$1" ] && [ "$1" = "$HOME/.profile" ]; then rm -f "$1"; fi
}

add_to_path() {
	profiles | while IFS= read -r file; do
		line="case \":\$PATH:\" in *\":$bin:\"*) ;; *) PATH=\"$bin:\$PATH\"; export PATH ;; esac $mark"
		if [ -f "$file" ] && grep -qxF "$line" "$file"; then continue; fi
		forget "$file"
		# A file that does not end its last line gets that end first.
		if [ -s "$file" ] && [ -n "$(tail -c 1 "$file")" ]; then printf '\n' >>"$file"; fi
		printf '%s\n' "$line" >>"$file"
	done
	case :$PATH: in
	*":$bin:"*) ;;
	*) say "open a new shell, or run: export PATH=\"$bin:\$PATH\"" ;;
	esac
}

# completes SHELL FILE: writes one completion file, whole or not at all.
completes() {
	mkdir -p "$(dirname "$2")"
	if "$bin/azptu" completion "$1" >"$2.new" 2>/dev/null; then
		mv -f "$2.new" "$2"
	else
		rm -f "$2.new"
		say "no completion for $1: this binary does not offer it"
	fi
}

add_completion() {
	completes bash "$bash_completion"
	completes zsh "$zsh_completion"
	completes fish "$fish_completion"
	if [ -f "$HOME/.zshrc" ] && ! grep -qF "$share/zsh/site-functions" "$HOME/.zshrc"; then
		say "zsh finds its completion when ~/.zshrc has, before compinit: fpath=($share/zsh/site-functions \$fpath)"
	fi
}

# add_man: manual pages, which man finds beside the bin folder on PATH.
add_man() {
	remove_man
	if ! "$bin/azptu" help man --dir "$share/man/man1" >/dev/null 2>&1; then
		say "no manual pages: this binary does not offer them"
	fi
}

remove_man() { rm -f "$share/man/man1/azptu.1" "$share/man/man1"/azptu-*.1; }

build() {
	here=$(cd "$(dirname "$0")" && pwd)
	[ -f "$here/packaging/build.sh" ] || die "no binary given and no source beside this script; use --binary FILE"
	command -v "${GO:-go}" >/dev/null 2>&1 || die "building needs Go (https://go.dev/dl/); or use --binary FILE"
	say "building from $here"
	if command -v bash >/dev/null 2>&1; then
		bash "$here/packaging/build.sh" "$1"
	else
		(cd "$here" && CGO_ENABLED=0 "${GO:-go}" build -trimpath -ldflags "-s -w" -o "$1" ./cmd/azptu)
	fi
}

# tidy DIR…: removes those of the folders that are empty, in the order given.
tidy() { for dir in "$@"; do rmdir "$dir" 2>/dev/null || true; done; }

if [ -n "$uninstall" ]; then
	rm -f "$bin/azptu" "$bash_completion" "$zsh_completion" "$fish_completion"
	remove_man
	profiles | while IFS= read -r file; do forget "$file"; done
	tidy "$(dirname "$bash_completion")" "$share/bash-completion" "$share/zsh/site-functions" "$share/zsh" \
		"$share/man/man1" "$share/man" \
		"${fish_completion%/completions/azptu.fish}/completions" "${fish_completion%/completions/azptu.fish}" \
		"${XDG_CONFIG_HOME:-$HOME/.config}" "$share" "$bin" "$prefix"
	say "removed from $prefix; settings and state were left where they are"
	exit 0
fi

staged=$(mktemp -d)
trap 'rm -rf "$staged"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if [ -n "$binary" ]; then
	[ -f "$binary" ] || die "no such file: $binary"
	cp "$binary" "$staged/azptu"
else
	build "$staged/azptu"
fi
chmod 755 "$staged/azptu"
"$staged/azptu" version >/dev/null 2>&1 || die "${binary:-the binary} does not run on this machine"

mkdir -p "$bin"
# Through a second name in the same folder, so that a running azptu is no obstacle.
cp "$staged/azptu" "$bin/.azptu.new"
chmod 755 "$bin/.azptu.new"
mv -f "$bin/.azptu.new" "$bin/azptu"
if [ -n "$completion" ]; then add_completion; fi
if [ -n "$man" ]; then add_man; fi
if [ -n "$touch_path" ]; then add_to_path; fi
say "installed $bin/azptu"
