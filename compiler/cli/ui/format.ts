export * from '../../bench/format.ts';
