-- # An airline's place among the others, by flights: rank/UA. It is computed after the airline was.
-- description: The place of an airline among the others, by flights
-- parameters: [{name: carrier, description: code of the airline, example: UA}]
-- query: {process_result: {jsonpath_first: "$[0][0]"}}
-- stale_seconds: 86400
-- refresh: {after_primes: ["airline/:carrier"]}
select 1 + (select count(*)
              from (select carrier, count(*) as flights from flights group by carrier) others
             where others.flights > own.flights) as place
  from (select count(*) as flights from flights where carrier = :carrier) own
 where own.flights > 0
