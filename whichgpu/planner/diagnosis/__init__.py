"""Whether a measured figure is normal for its job, and if it is not, why."""

from whichgpu.planner.diagnosis.answer import Diagnosis, diagnose, diagnose_any
from whichgpu.planner.diagnosis.symptoms import pointed
from whichgpu.planner.diagnosis.trying import Cause

__all__ = ["Cause", "Diagnosis", "diagnose", "diagnose_any", "pointed"]
