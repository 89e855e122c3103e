-- # What the weather of the hour does to departures from an airport: weather_delay/LGA
-- parameters: [{name: origin}]
-- query: {type: dicts}
-- stale_seconds: 7200
-- refresh: {every: 1h}
-- expire_seconds: 604800
-- # It is the slowest: better an old answer at once than a wait.
-- on_stale: serve
select case
         when w.visib < 2 then 'fog'
         when w.precip > 0 and w.temp <= 32 then 'snow'
         when w.precip > 0 then 'rain'
         when w.wind_speed >= 20 then 'wind'
         else 'fair'
       end as weather,
       count(*) as flights,
       round(avg(f.dep_delay), 1) as mean_dep_delay,
       round(100.0 * sum(case when f.dep_time is null then 1 else 0 end) / count(*), 1) as cancelled_percent
  from flights f
  join weather w on w.origin = f.origin and w.time_hour = f.time_hour
 where f.origin = :origin
 group by weather
 order by flights desc
