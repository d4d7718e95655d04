"""TTFT and TPOT of SGLang rows as they are, and with all closed loops in step (given fit)."""
import csv,collections,numpy as np,sys
from whichgpu.cost import steady
from whichgpu.cost.rows import read_job
from whichgpu.cost.layout import lay_out
from whichgpu.cost.load import seconds_of
from whichgpu.cost.requests import Requests
from whichgpu.hardware.catalogue import catalogue
G=catalogue()
old=steady.in_lockstep
rows=[r for r in csv.DictReader(open('whichgpu/data/measured/llm-serve.csv')) if r['runtime']=='sglang']
share=float(sys.argv[1]) if len(sys.argv)>1 else None
def new(stack,job): return job.concurrency is not None and not steady.engine(stack)['mixed']
res={}
for name,fn in (('as is',old),('in step',new)):
    steady.in_lockstep=fn
    g=collections.defaultdict(list)
    for r in rows:
        try: L=lay_out(read_job(r),[G[r['gpu']]])
        except Exception: continue
        s=L.serving; P=seconds_of(s.prompt,L); W=seconds_of(s.work,L)
        f=1e3*float(s.first_token(W,P,L.passes)[0,0]) if r['metric']=='ttft' else 1e3*float(s.token_seconds(W,P,L.passes)[0,0])
        g[r['metric'],r['gpu'][:4],r['workload']].append(np.log(f/float(r['value'])))
    for k,v in g.items(): res.setdefault(k,[]).append('%s n %d bias %+.2f mean|e| %.0f%% med %.0f%%'%(name,len(v),np.median(v),100*np.mean(np.abs(np.expm1(v))),100*np.median(np.abs(np.expm1(v)))))
for k,v in sorted(res.items()): print(k,' | '.join(v))
