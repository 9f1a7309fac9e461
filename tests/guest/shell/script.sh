# SPDX-License-Identifier: BSD-2-Clause
# A script as people write them. Every POSIX shell says the same, whatever it runs on.

set -u
work=$(mktemp -d)
trap 'rm -rf "$work"; echo cleaned up' EXIT
cd "$work" || exit 1

# functions, local arguments, arithmetic, recursion
factorial() {
    if [ "$1" -le 1 ]; then
        echo 1
    else
        echo $(($1 * $(factorial $(($1 - 1)))))
    fi
}
echo "10! = $(factorial 10)"
echo $(((7 << 4 | 3) % 100)) $((-17 / 5)) $((0x1f ^ 010))

# here-documents, with and without expansion
name=world
cat <<END >expanded
hello $name, $((1 + 1))
END
cat <<'END' >literal
hello $name
END
cat expanded literal

# redirections
{
    echo out
    echo err >&2
} >both 2>&1
cat both
exec 3>third
echo three >&3
exec 3>&-
read -r line <third && echo "read: $line"
echo more >>third
wc -l <third | tr -d ' '
cat nothing-here 2>/dev/null || echo "no such file: $?"

# globbing
mkdir d
touch a1 a2 b1 'with space' d/.hidden d/seen
echo a* [!a]1 ? d/*
for file in *space; do echo "<$file>"; done

# pipelines, subshells, groups
seq 1 20 | grep 1 | sort -rn | sed 's/^/n/' | head -n 3
(cd d && pwd | sed 's|.*/||')
x=outer
(x=inner)
echo $x
false | true && echo "the last one counts"

# background jobs and wait
for i in 3 1 2; do
    (echo "job $i" >"job$i"; exit "$i") &
    eval "pid$i=$!"
done
for i in 1 2 3; do
    eval "wait \$pid$i"
    echo "job $i ended with $?: $(cat job$i)"
done

# signals
trap 'echo got USR1' USR1
kill -USR1 $$
sh -c 'kill -TERM $$; echo never' ; echo "ended by signal: $?"
trap '' INT
sh -c 'kill -INT $$; echo INT is ignored'

# cases, loops, expansions
for word in apple banana cherry; do
    case $word in
    a*) echo "$word starts with a" ;;
    *an*) echo "$word has an" ;;
    *) echo "$word: ${#word} letters" ;;
    esac
done
path=/usr/local/lib/file.tar.gz
echo "${path##*/} ${path%%.*} ${path#*/} ${unset:-default} ${name:+set}"
n=0
while :; do
    n=$((n + 1))
    [ $n -eq 3 ] && continue
    [ $n -gt 5 ] && break
    printf '%s,' $n
done
echo
printf '%05d|%-5s|%x\n' 42 ab 255

# a script of its own, with arguments
printf '#!/bin/sh\necho "$0" "$#" "$2"\nexit 9\n' >own
chmod +x own
./own one 'two words' three
echo "it ended with $?"

set -- x y z
shift
echo "$# $*"
exit 6
