import random, signal
from threading import Event
import pytest
from tests.end_to_end.front_door import *
@pytest.mark.parametrize("seed", range(24))
def test_k(reviewed, door, settled, seed):
    r = random.Random(seed)
    planned = len(reviewed.plan()["operations"])
    rules=[{"endpoint": e, "kind": "latency", "times": None, "seconds": r.choice([0,0.01,0.03])} for e in ("composite/*","edit_*","query","get_*")]
    door.fault(*rules)
    n=r.randint(1,12)
    with reviewed.start("commit","-w","w",str(reviewed.plan_file),"--yes") as p:
        until(lambda: door.writes()>=n or p.poll() is not None, "w")
        Event().wait(r.random()*0.05)
        p.kill(); p.wait()
    door.fault()
    done = reviewed.document("resume")
    print(seed, n, p.returncode, {k:done[k] for k in ("selected","written","failed","stale","skipped")})
    until(lambda: door.catalog()==settled, "end")
    h=reviewed.document("history")["commits"]
    assert len(h)==1 and h[0]["state"]=="finished", h
    reviewed.document("refresh"); assert len(reviewed.plan()["operations"])==5
