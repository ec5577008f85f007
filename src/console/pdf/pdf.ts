import type { PdfContent } from './content.ts'

/**
 * The PDF as bytes. What draws it (fonts, HarfBuzz, pdfkit: 40 MB) is only loaded when the first one is made.
 * Names of people belong in `blocks`: title and attachments' names are seen without opening the file.
 */
export async function pdfOf(content: PdfContent): Promise<Buffer> {
  const { printPdf } = await import('./print.ts')
  return printPdf(content)
}
