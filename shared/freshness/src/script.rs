//! The scripts that write to Redis.

/// Puts values that replace nothing newer and end at an absolute time of the clock of Redis. Every
/// value begins with its epoch, its revision and its end. Epochs exceed the exact integers of Lua,
/// so they are compared as texts, a longer one being the later. All keys have one hash slot. The
/// arguments of each key are the value, its end, and its maximum life in milliseconds: a value that
/// would live longer was stamped by another clock and is refused.
pub const PUT_NEWER: &str = "\
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
local function is_newer(value, old)
  local epoch, revision, expire = string.match(value, '^(%d+) (%d+) (%d+)')
  local old_epoch, old_revision, old_expire = string.match(old, '^(%d+) (%d+) (%d+)')
  if not old_epoch then return true end
  if #epoch ~= #old_epoch then return #epoch > #old_epoch end
  if epoch ~= old_epoch then return epoch > old_epoch end
  if revision ~= old_revision then return tonumber(revision) > tonumber(old_revision) end
  return tonumber(expire) > tonumber(old_expire)
end
local put = 0
for i, key in ipairs(KEYS) do
  local value, expire, longest = ARGV[3 * i - 2], tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  if expire > now and expire <= now + longest then
    if is_newer(value, redis.call('GET', key) or '') then
      redis.call('SET', key, value, 'PXAT', ARGV[3 * i - 1])
      put = put + 1
    end
  end
end
return put";

/// Puts the record of a history in place of the known record, of itself, or of none, and returns
/// the record that is there afterwards. One key; the arguments are the known record or nothing, the
/// new one, its end, and its maximum life, as for [`PUT_NEWER`].
pub const PUT_NEXT: &str = "\
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
local known, next, expire, longest = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local old = redis.call('GET', KEYS[1]) or ''
local replaces = old == '' or old == known or old == next
if not replaces or expire <= now or expire > now + longest then return old end
redis.call('SET', KEYS[1], next, 'PXAT', ARGV[3])
return next";
