-- # Every flight of one plane, with its model (null where the planes table does not know it): plane_history/N725MQ
-- parameters: [{name: tailnum}]
-- query: {type: dicts}
-- stale_seconds: 3600
select f.flight_date, f.carrier, f.flight, f.origin, f.dest, f.dep_delay, f.arr_delay,
       p.manufacturer, p.model, p.year as built, p.seats
  from flights f
  left join planes p on p.tailnum = f.tailnum
 where f.tailnum = :tailnum
 order by f.flight_date, f.sched_dep_time, f.flight
