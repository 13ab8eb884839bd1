-- Keeps calls of a tenant away from processes that have as many of them waiting as they can answer in good time.
--
-- A process that refuses a call for that says whose call it was, and for how many milliseconds it can go without others
-- (server/interceptors/admission.py). For so long, and no longer, calls of that tenant to that cluster are refused here,
-- where it costs the process nothing. Each worker thread of Envoy goes by what was said on a call of its own.

local LONGEST_MILLISECONDS = 1000

-- When calls may go on, in milliseconds since 1970, by the cluster's name and the tenant's id.
local ends = {}

local function key(handle, tenant)
  return handle:metadata():get("cluster") .. " " .. tenant
end

-- What lies further ahead than any backoff is long was said before the clock was set back.
local function is_over(time, now)
  return now >= time or time - now > LONGEST_MILLISECONDS
end

function envoy_on_request(handle)
  if next(ends) == nil then
    return
  end
  local tenant = handle:headers():get("x-tenant-id")
  local time = tenant and ends[key(handle, tenant)]
  if time and not is_over(time, handle:timestamp()) then
    handle:respond({[":status"] = "429"})
  end
end

function envoy_on_response(handle)
  local said = handle:headers():get("leadline-backoff")
  if said == nil then
    return
  end
  handle:headers():remove("leadline-backoff")
  local tenant, milliseconds = string.match(said, "^(%S+) (%d+)$")
  local now = handle:timestamp()
  for other, time in pairs(ends) do
    if is_over(time, now) then
      ends[other] = nil
    end
  end
  ends[key(handle, tenant)] = now + math.min(tonumber(milliseconds), LONGEST_MILLISECONDS)
end
