import { AppError } from './errors.ts'

/**
 * What `work` gives, or AppError `unavailable` when that takes longer than so many milliseconds; the work goes on, and whatever
 * becomes of it then is nobody's concern.
 */
export async function within<Value>(milliseconds: number, work: Promise<Value>, what: string): Promise<Value> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    reject(new AppError('unavailable', `${what} has not come to an end within ${milliseconds} ms`))
  }, milliseconds)
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
