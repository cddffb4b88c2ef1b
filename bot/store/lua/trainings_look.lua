-- Every training as JSON.
return redis.call('HVALS', trainings)
