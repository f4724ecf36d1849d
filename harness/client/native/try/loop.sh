# What a shell script of the field does: curl in a loop, sleep, pipes, a background job, a trap.
for port in "$@"; do
  curl -s -m 20 "http://127.0.0.1:$port/" > answer
  echo "$port: curl $? $(cat answer) $(date -u +%T)"
  sleep 3600
done
echo "read from a child that connects: $(curl -s http://127.0.0.1:5001/) $(date -u +%T)"
curl -s http://license.example/
echo "a name that nobody has: curl $? $(date -u +%T)"
curl -s -m 20 'http://[::1]:5004/' > answer
echo "::1: curl $? $(cat answer) $(date -u +%T)"
echo "$(seq 1 100000 | sort -n | tail -1) $(yes | head -50000 | wc -l)"
trap 'echo "a signal $(date -u +%T)"' USR1
sleep 1000 &
job=$!
(sleep 100; kill -USR1 $$) &
wait $job
echo "wait $? $(date -u +%T)"
wait $job
echo "wait $? $(date -u +%T)"
trap 'echo "told to go $(date -u +%T)"; exit 7' TERM
while :; do sleep 60 & wait $!; done
