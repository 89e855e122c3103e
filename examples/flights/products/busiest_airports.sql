-- # Where New York flies to: busiest_airports, a product without parameters, and so with a single key
-- query: {type: dicts}
-- expire_seconds: 172800
-- refresh: {cron: "0 4 * * *", timezone: America/New_York}
select f.dest as faa, a.name, count(*) as flights, count(distinct f.carrier) as airlines
  from flights f
  left join airports a on a.faa = f.dest
 group by f.dest, a.name
 order by flights desc, faa
 limit 20
