"""What the commands do, as functions that take plain arguments and return a result.

====================  ==================================================================================
`seqgan pretrain`     `pretrain.pretrain_run`
`seqgan adversarial`  `adversarial.train_from_run`, `adversarial.train_from_nothing`
`seqgan sample`       `sample.sample_run`
`seqgan evaluate`     `evaluate.evaluate`; with ``--compare`` or ``--controls``, `compare.compare`
`seqgan score`        `score.score_run`
`seqgan report`       `report.report`
`seqgan sweep`        `sweep.sweep_settings`, `sweep.start_sweep`, `sweep.work_on_sweep`, `sweep.sweep_so_far`
`seqgan plan`         `plan.plan_training`
`seqgan headroom`     `headroom.headroom`
`seqgan export`       `export.export_run`
`seqgan inspect`      `inspect.inspect_text`
====================  ==================================================================================
"""
