-- # All departures of one day, cancelled flights with nulls: flights_of_day/2013-07-04
-- description: All departures of one day
-- parameters: [{name: day, type: date, example: 2013-07-04}]
-- expire_seconds: 86400
select f.sched_dep_time, f.dep_time, f.dep_delay, f.arr_time, f.arr_delay,
       f.carrier, f.flight, f.tailnum, f.origin, f.dest
  from flights f
 where f.flight_date = :day
 order by f.sched_dep_time, f.carrier, f.flight, f.origin
