# SPDX-License-Identifier: BSD-2-Clause
# What busybox's tools make of /proc: the parts that are the same in every run.
sleep 1000 &
sleep 1000 &
# A child of the shell's is called sleep once it runs the program.
until [ "$(pidof sleep | wc -w)" = 2 ]; do :; done
ps | grep -c 'sleep [0]*1000'
top -b -n 1 | grep -c 'sleep [0]*1000'
ps -o pid,ppid,stat,comm | grep sleep | while read pid parent state name; do
    echo "$((pid > 1)) $parent $state $name"
done
pidof sleep | wc -w
killall sleep
wait
pidof sleep || echo none
free | grep -c Mem
uptime | grep -c 'load average: [0-9]'
mount | grep proc
df / | tail -n 1 | cut -d ' ' -f 1
echo by name | cat /dev/stdin
ls -l /dev/fd/1 | grep -c -e '->'
cat /proc/self/comm
readlink /proc/$$/cwd
